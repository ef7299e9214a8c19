class AddSummaryToPosts < ActiveRecord::Migration[6.1]
  def up
    add_column :posts, :summary, :string
    execute "UPDATE posts SET summary = CONCAT('About: ', title)"
  end

  def down
    remove_column :posts, :summary
  end
end

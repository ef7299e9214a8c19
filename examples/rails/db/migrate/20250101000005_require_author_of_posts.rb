# Fails half way: one post has no author. MySQL has no transactions around such statements, so the column `reviewed` stays.
class RequireAuthorOfPosts < ActiveRecord::Migration[6.1]
  def up
    add_column :posts, :reviewed, :boolean, null: false, default: false unless column_exists?(:posts, :reviewed)
    change_column_null :posts, :author, false
  end

  def down
    change_column_null :posts, :author, true
    remove_column :posts, :reviewed
  end
end

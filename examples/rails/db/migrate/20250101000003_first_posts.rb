class FirstPosts < ActiveRecord::Migration[6.1]
  POSTS = { "ようこそ" => "Hanako", "Second post" => "Taro", "Draft" => nil }.freeze

  def up
    POSTS.each do |title, author|
      execute "INSERT INTO posts (title, author, created_at, updated_at)
               VALUES (#{connection.quote(title)}, #{connection.quote(author)}, NOW(), NOW())"
      say "post: #{title}"
    end
  end

  def down
    execute "DELETE FROM posts"
  end
end

class PostsController < ActionController::API
  def index
    render json: { version: ENV["APP_VERSION"], schema: Post.connection.migration_context.current_version, posts: posts }
  end

  def health
    render json: { status: "ok", version: ENV["APP_VERSION"] }
  end

  private

  # The columns that this version knows: the summary from v2 on.
  def posts
    known = ["title", "author"] + (ENV["APP_VERSION"] == "v1" ? [] : ["summary"])
    Post.order(:title).map { |post| post.attributes.slice(*known) }
  end
end

require_relative "boot"
require "active_record/railtie"
require "action_controller/railtie"

missing = %w[DATABASE_HOST MYAPP_DATABASE_PASSWORD RAILS_MASTER_KEY].reject { |name| ENV[name].to_s != "" }
abort "Not set: #{missing.join(", ")}; the application needs them to start." if missing.any?
# There are no encrypted credentials here that the key would open: it signs what Rails signs.
ENV["SECRET_KEY_BASE"] ||= ENV["RAILS_MASTER_KEY"]

module Blog
  class Application < Rails::Application
    config.load_defaults 6.1
    # The schema is what the migrations make of it: production does not write db/schema.rb.
    config.active_record.dump_schema_after_migration = false
    config.logger = ActiveSupport::Logger.new($stdout)
    config.log_level = :info
    config.hosts.clear # the load balancer checks the host
  end
end

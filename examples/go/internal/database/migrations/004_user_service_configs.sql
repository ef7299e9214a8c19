-- +goose Up
CREATE TABLE user_service_configs (
    user_id UUID NOT NULL REFERENCES users,
    service_type VARCHAR(50) NOT NULL,
    enabled BOOLEAN NOT NULL DEFAULT true,
    PRIMARY KEY (user_id, service_type)
);
INSERT INTO user_service_configs (user_id, service_type) SELECT id, 'calendar' FROM users;

-- +goose Down
DROP TABLE user_service_configs;

-- +goose Up
INSERT INTO users (email) VALUES ('operator@example.com') ON CONFLICT DO NOTHING;
INSERT INTO ai_agents (name) VALUES ('Archivist'), ('Guide'), ('Scheduler') ON CONFLICT DO NOTHING;
INSERT INTO conversations (user_id, ai_agent_id) SELECT users.id, ai_agents.id FROM users, ai_agents WHERE name <> 'Archivist';

-- +goose Down
DELETE FROM conversations;
DELETE FROM ai_agents;
DELETE FROM users;

-- +goose Up
ALTER TABLE ai_agents ADD COLUMN owner_id UUID REFERENCES users;
UPDATE ai_agents SET owner_id = (SELECT user_id FROM conversations WHERE ai_agent_id = ai_agents.id);
-- One agent has never had a conversation, so it has no owner.
ALTER TABLE ai_agents ALTER COLUMN owner_id SET NOT NULL;

-- +goose Down
ALTER TABLE ai_agents DROP COLUMN owner_id;

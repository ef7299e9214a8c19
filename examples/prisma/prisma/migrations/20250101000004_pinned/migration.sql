ALTER TABLE "Note" ADD COLUMN "pinned" BOOLEAN NOT NULL DEFAULT false;
UPDATE "Note" SET "pinned" = true WHERE "title" = 'Ideas';

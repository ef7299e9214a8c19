-- Fails half way: one note has no author. The engine in JavaScript runs the statements one by one, so the column stays.
ALTER TABLE "Note" ADD COLUMN "reviewed" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Note" ALTER COLUMN "author" SET NOT NULL;

CREATE TABLE "Note" ("id" SERIAL PRIMARY KEY, "title" TEXT NOT NULL, "author" TEXT);
CREATE UNIQUE INDEX "Note_title_key" ON "Note" ("title");

INSERT INTO "Note" ("title", "author") VALUES ('Groceries', 'Hana'), ('Ideas', 'Taro'), ('Untitled', NULL);
INSERT INTO "Tag" ("name", "noteId") SELECT 'home', "id" FROM "Note" WHERE "title" = 'Groceries';

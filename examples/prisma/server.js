// Shows the notes of the migrated database.
import http from "node:http";
import pg from "pg";

if (!process.env.DATABASE_URL) {
  console.error("Not set: DATABASE_URL; the application needs it to start.");
  process.exit(1);
}
const version = process.env.VERSION;
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5, connectionTimeoutMillis: 5000 });
// The columns that this version knows: `pinned` from v2 on.
const columns = ['"title"', '"author"', ...(version === "v1" ? [] : ['"pinned"'])].join(", ");

async function notes() {
  const [found, applied] = await Promise.all([
    pool.query(`SELECT ${columns} FROM "Note" ORDER BY "title"`),
    pool.query("SELECT max(migration_name) AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL"),
  ]);
  return { version, schema: applied.rows[0].name, notes: found.rows };
}

const pages = { "/": notes, "/healthz": async () => ({ status: "ok", version }) };

const server = http.createServer(async (request, answer) => {
  const page = pages[request.url.split("?")[0]];
  let status = page ? 200 : 404;
  let body = { error: "no such page" };
  try {
    if (page) body = await page();
  } catch (error) {
    console.error("reading the notes:", error.message);
    status = 500;
    body = { error: "the notes cannot be read" };
  }
  answer.writeHead(status, { "Content-Type": "application/json" });
  answer.end(JSON.stringify(body) + "\n");
});
server.listen(8000, () => console.log("listening on port 8000"));
// Process 1 must take ECS's SIGTERM itself.
process.on("SIGTERM", () => server.close(() => process.exit(0)));

// Prisma's own migration engine is a binary from its own host; this is the engine that it has in JavaScript.
import { PrismaPg } from "@prisma/adapter-pg";

// It gives its lock 10 seconds, and leaves that timer behind: Node would wait for it at the end, with the lock in its hands.
const setTimer = globalThis.setTimeout;
globalThis.setTimeout = (callback, milliseconds, ...rest) => {
  const timer = setTimer(callback, milliseconds, ...rest);
  return milliseconds === 10000 ? timer.unref() : timer;
};

export default {
  experimental: { adapter: true },
  engine: "js",
  schema: "prisma/schema.prisma",
  // The lock lives as long as its connection: none is closed while it is idle, and none keeps the program from ending.
  adapter: async () =>
    new PrismaPg({ connectionString: process.env.DATABASE_URL, idleTimeoutMillis: 0, allowExitOnIdle: true }),
};

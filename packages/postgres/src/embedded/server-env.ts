/** The whole environment of Postgres: nothing of ours (PGDATA, LD_PRELOAD, secrets) reaches it. */
export const serverEnv = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" };

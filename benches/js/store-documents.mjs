/** The documents that the bench of the store writes and reads. */

export const key = (n) => `task/${String(n).padStart(7, "0")}`;

export const value = (n) => ({
  id: "task-17",
  title: "Add the login form",
  state: "running",
  attempt: n,
  lane: "worker/3",
});

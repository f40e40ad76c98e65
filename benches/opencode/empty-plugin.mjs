/** A plugin that does nothing: what OpenCode itself needs to load one. */
export default { id: "empty", server: async () => ({}) };

/** Where the engine looks for a driver of this name that is a process of the host. */
export const DEFAULT_SOCKET = '/run/docker/plugins/nats.sock';

/** Survives restarts of the process; within a managed plugin, too. */
export const DEFAULT_STATE = '/var/lib/nats-log-driver';

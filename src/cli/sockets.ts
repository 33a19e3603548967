/** Where the driver's socket is. */

/** Of a process of the host. */
export const DEFAULT_SOCKET = '/run/docker/plugins/nats.sock';

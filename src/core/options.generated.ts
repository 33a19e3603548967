/** Generated from schema/options.schema.json by `npm run generate`; change that file, not this one. */

/** The options of one container, typed and complete: what has a default is always there. */
export interface Options {
  /**
   * Comma-separated label keys. Labels of these names that the container has are added to each message.
   */
  readonly 'labels': string;
  /**
   * Regular expression (RE2 syntax). Labels whose key it matches are added to each message.
   */
  readonly 'labels-regex': string;
  /**
   * Comma-separated names of environment variables. Those that the container has are added to each message; they win
   * over labels of the same name.
   */
  readonly 'env': string;
  /**
   * Regular expression (RE2 syntax). Environment variables whose name it matches are added to each message.
   */
  readonly 'env-regex': string;
  /**
   * Tag of each message: a Go template, in the language of the engine's own drivers. It is the subject too, unless
   * `nats-subject` is set.
   * Default: `{{.ID}}`.
   */
  readonly 'tag': string;
  /**
   * Format of the messages.
   * Default: `json`.
   */
  readonly 'nats-format': 'json';
  /**
   * Comma-separated servers of one NATS cluster: `nats://host:port`, `tls://host:port` or `host:port`, with
   * `user:password@` or `token@` before the host if needed. One `tls://` makes TLS mandatory for all of them.
   * Default: `localhost:4222`.
   */
  readonly 'nats-servers': readonly string[];
  /**
   * Subject to publish to: a Go template like `tag`, rendered when the container starts. The result must be a legal
   * literal subject. Not set: the rendered `tag`.
   */
  readonly 'nats-subject'?: string;
  /**
   * How often in a row each server is tried before the driver gives up; -1: for ever. After giving up the container
   * runs on, its lines are dropped and counted, and the next container that starts makes the driver try again.
   * Default: `-1`.
   */
  readonly 'nats-max-reconnect': number;
  /**
   * Name of the connection in the server's own reports. Not set: `docker-nats-log-driver@HOST`. Containers with
   * different names do not share a connection.
   */
  readonly 'nats-name'?: string;
  /**
   * Milliseconds. How long one attempt to connect to one server may take, TLS and login included.
   * Default: `4s`.
   */
  readonly 'nats-connect-timeout': number;
  /**
   * Milliseconds. Longest wait after all servers were tried in vain. The first wait is 100 ms; they double, with
   * jitter.
   * Default: `10s`.
   */
  readonly 'nats-reconnect-wait': number;
  /**
   * Milliseconds. How often an idle server is asked for a sign of life. One that owes an answer for twice as long is
   * left for another.
   * Default: `5s`.
   */
  readonly 'nats-ping-interval': number;
  /**
   * First part of the subjects on which JetStream answers. The user needs permission to subscribe to what follows it.
   * Default: `_INBOX`.
   */
  readonly 'nats-inbox-prefix': string;
  /**
   * User name. User information in a server's address wins for that server.
   */
  readonly 'nats-user'?: string;
  /**
   * Password of `nats-user`.
   */
  readonly 'nats-pass'?: string;
  /**
   * Absolute path of a file with the password of `nats-user`. Like every secret file, it lies in one of the folders of
   * `nats-secret-dirs` and is read again at each connection; a newline at its end does not count.
   */
  readonly 'nats-pass-file'?: string;
  /**
   * Token, instead of user name and password.
   */
  readonly 'nats-token'?: string;
  /**
   * Absolute path of a file with the token.
   */
  readonly 'nats-token-file'?: string;
  /**
   * Content of a credentials file: the JWT and the seed of a user, as `nsc` writes them.
   */
  readonly 'nats-creds'?: string;
  /**
   * Absolute path of a credentials file.
   */
  readonly 'nats-creds-file'?: string;
  /**
   * Seed of the user's nkey (`SU…`).
   */
  readonly 'nats-nkey'?: string;
  /**
   * Absolute path of a file with the seed of the user's nkey.
   */
  readonly 'nats-nkey-file'?: string;
  /**
   * JWT of the user, with `nats-nkey` or `nats-nkey-file` for its seed. Without a seed: a bearer token.
   */
  readonly 'nats-jwt'?: string;
  /**
   * Absolute path of a file with the JWT of the user.
   */
  readonly 'nats-jwt-file'?: string;
  /**
   * Context of the `nats` command line: its name, looked for below `nats-secret-dirs`, or the absolute path of its JSON
   * file. It brings servers, TLS options, login, inbox prefix and JetStream domain; options that are set beside it win.
   * One with `socks_proxy`, a certificate of the Windows store or a `jetstream_api_prefix` other than that of a domain
   * is refused.
   */
  readonly 'nats-context'?: string;
  /**
   * Comma-separated folders. A secret file, and a TLS file that a container names, is read only if it lies in or below
   * one of them, wherever links lead.
   * Default: `/srv,/etc/nats-log-driver,/run/secrets,/run/credentials/nats-log-driver.service,/root/.config/nats`.
   */
  readonly 'nats-secret-dirs': readonly string[];
  /**
   * Absolute path of a PEM file with the certificate authorities to trust. Like every `nats-tls-` option, it makes TLS
   * mandatory.
   */
  readonly 'nats-tls-ca-cert'?: string;
  /**
   * Absolute path of the client certificate (PEM).
   */
  readonly 'nats-tls-cert'?: string;
  /**
   * Absolute path of the key of the client certificate (PEM, not encrypted).
   */
  readonly 'nats-tls-key'?: string;
  /**
   * `true`: accept any server certificate, a warning is logged. A bare `--log-opt nats-tls-skip-verify` means `true`.
   * Default: `false`.
   */
  readonly 'nats-tls-skip-verify': boolean;
  /**
   * Name or address that the certificates of the servers must carry, in the place of that in `nats-servers`.
   */
  readonly 'nats-tls-server-name'?: string;
  /**
   * `true`: speak TLS before the server has said anything, as servers with `handshake_first` and TLS proxies want it.
   * Default: `false`.
   */
  readonly 'nats-tls-handshake-first': boolean;
  /**
   * Way of delivery. `core`: Core NATS, each message confirmed by the server that takes it. `jetstream`: each message
   * confirmed by the stream that stores it, and stored once.
   * Default: `core`.
   */
  readonly 'nats-transport': 'core' | 'jetstream';
  /**
   * With `nats-transport=jetstream`: the stream that must take the lines. Not set: any stream that covers the subject.
   */
  readonly 'nats-stream'?: string;
  /**
   * Make the stream `nats-stream`, with file storage and without limits, if none covers the subject. A stream that
   * exists is never changed.
   * Default: `false`.
   */
  readonly 'nats-stream-create': boolean;
  /**
   * Subjects of a stream that `nats-stream-create` makes. Not set: for `logs.web` it is `logs.>`.
   */
  readonly 'nats-stream-subjects'?: readonly string[];
  /**
   * JetStream domain, whose API is addressed as `$JS.DOMAIN.API`: `nats-stream-create` makes the stream there. Not set:
   * that of the server which the driver is connected to.
   */
  readonly 'nats-jetstream-domain'?: string;
  /**
   * What becomes of a line whose message is larger than the server takes: several messages, one that is cut and marked,
   * or none.
   * Default: `split`.
   */
  readonly 'nats-oversize': 'split' | 'truncate' | 'drop';
  /**
   * What happens when there is no room for more unconfirmed lines. `block`: the container's output waits, for
   * `nats-block-timeout` at most; then the oldest lines are dropped. Dropped lines are counted, and a record in the
   * stream of messages stands in their place.
   * Default: `drop-oldest`.
   */
  readonly 'nats-overflow': 'drop-oldest' | 'drop-newest' | 'block';
  /**
   * Milliseconds. How long `nats-overflow=block` may make a container wait. `docker stop` of it may take as much
   * longer.
   * Default: `5s`.
   */
  readonly 'nats-block-timeout': number;
  /**
   * Bytes. Room for unconfirmed lines of this container. Not set: as much as all containers have together.
   */
  readonly 'nats-buffer-container-size'?: number;
  /**
   * Subject for lines that are refused for good on their own: a Go template like `nats-subject`. Not set: they are
   * dropped and counted.
   */
  readonly 'nats-dead-letter-subject'?: string;
  /**
   * Bytes. Memory for lines that NATS has not confirmed, all containers together. When it is full, the oldest lines are
   * dropped and counted.
   * Default: `32m`.
   */
  readonly 'nats-buffer-size': number;
  /**
   * Where lines that NATS has not confirmed are kept. On `disk` they survive the driver; what the disk does not take
   * stays in memory.
   * Default: `disk`.
   */
  readonly 'nats-buffer': 'disk' | 'memory';
  /**
   * Bytes. Room on the disk for lines that NATS has not confirmed, all containers together. When it is full the oldest
   * lines are dropped and counted. A part of the disk always stays free.
   * Default: `1g`.
   */
  readonly 'nats-buffer-disk-size': number;
  /**
   * When lines on the disk are made safe from a power failure: left to the system, every 500 ms, or with each read of a
   * container's output.
   * Default: `none`.
   */
  readonly 'nats-buffer-sync': 'none' | 'interval' | 'always';
  /**
   * Bytes. What may be on its way to one server over one connection without being confirmed. Each of the
   * `nats-log-workers` has its own.
   * Default: `2m`.
   */
  readonly 'nats-window-size': number;
  /**
   * Absolute path of the YAML file. Not set: the first that exists of `/etc/nats-log-driver/config.yaml` and
   * `/srv/nats-log-driver/config.yaml`.
   */
  readonly 'nats-config'?: string;
  /**
   * `bucket/key` of a JetStream KV bucket that holds a configuration document over the YAML file. It is read with the
   * servers and the login of the plugin settings and the file, and watched. The last good one is kept for a start
   * without NATS.
   */
  readonly 'nats-config-kv'?: string;
  /**
   * Where metrics, health, status and the status page are served: `address:port`, `[address]:port` or `unix:/path`. Not
   * set: nowhere. Whoever may connect may read, without a password; there are no secrets in it, and lines of containers
   * only as `nats-log-http-tail` allows.
   */
  readonly 'nats-log-http'?: string;
  /**
   * Names by which `nats-log-http` may be addressed, besides `localhost`, the name of the host and any IP address:
   * others are refused, since a web page may have made them up.
   */
  readonly 'nats-log-http-names'?: readonly string[];
  /**
   * Whether the status page at `nats-log-http` may show the lines of a container as they come. `local`: only where the
   * address is a loopback address or a unix socket.
   * Default: `local`.
   */
  readonly 'nats-log-http-tail': 'local' | 'always' | 'never';
  /**
   * How many containers, the busiest first, have metrics of their own; the others share the name `_others`.
   * Default: `200`.
   */
  readonly 'nats-log-http-containers': number;
  /**
   * Answer the NATS service protocol (`nats micro ls`, `info`, `stats`) and publish the driver's events, over the
   * connection to `nats-servers` of the plugin's own settings. Where these name no servers, only while containers use
   * the same connection.
   * Default: `true`.
   */
  readonly 'nats-service': boolean;
  /**
   * Where the driver's events are published, followed by a dot and the name of the host, in which other characters than
   * letters, digits, `-` and `_` become `_`.
   * Default: `docker-nats-log-driver.events`.
   */
  readonly 'nats-events-subject': string;
  /**
   * Threads that the containers are spread over, each with its own connections. Not set: one for every four cores, at
   * least 1 and at most 8. Several take 27 MiB each.
   */
  readonly 'nats-log-workers'?: number;
  /**
   * Level of the driver's own log.
   * Default: `info`.
   */
  readonly 'log-level': 'error' | 'warn' | 'info' | 'debug';
}

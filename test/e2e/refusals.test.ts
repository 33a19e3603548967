import { Site } from '../support/e2e-site.ts';
import test from '../support/e2e-test.ts';

let site: Site;
test.before(async () => {
  site = await Site.open();
});
test.after.always(() => site[Symbol.asyncDispose]());

/** What stands between the words of the engine and the hint of the CLI, which differs by its release: some end the text with a dot. */
function refusal(stderr: string): string | undefined {
  const text = stderr.split('error creating logger: ')[1];
  return text?.split('\n').filter((line) => !/^$|^time="|^(See|Run) 'docker run --help'/.test(line)).join('\n').replace(/\.$/, '');
}

interface Case {
  readonly title: string;
  readonly opts: Readonly<Record<string, string | true>>;
  readonly shown: string;
}

const SEES_ONLY = 'a managed plugin sees only the files below its mount, /srv';

const CASES: readonly Case[] = [
  {
    title: 'a value of the wrong type is answered with the option, the value, what was wanted and where it came from',
    opts: { 'nats-max-reconnect': 'often' },
    shown: 'nats: nats-max-reconnect: expected an integer >= -1, got "often" (log-opt)',
  },
  {
    title: 'an unknown option is answered with the one that was probably meant',
    opts: { 'nats-sujbect': 'docker.logs' },
    shown: 'nats: nats-sujbect: unknown option, did you mean nats-subject? (log-opt)',
  },
  {
    title: 'an unknown option that resembles none is just unknown',
    opts: { 'splunk-url': 'x' },
    shown: 'nats: splunk-url: unknown option (log-opt)',
  },
  {
    title: 'a subject with a wildcard is refused',
    opts: { 'nats-subject': 'docker.*' },
    shown: 'nats: nats-subject: expected a legal subject, got "docker.*", which holds a wildcard (* or >) (log-opt)',
  },
  {
    title: 'a subject that belongs to the server is refused',
    opts: { 'nats-subject': '$SYS.x' },
    shown: 'nats: nats-subject: expected a legal subject, got "$SYS.x", which starts with $, which belongs to the server (log-opt)',
  },
  {
    title: 'a tag that is no subject is refused where it has to be the subject',
    opts: { 'nats-subject': '', 'tag': 'two words' },
    shown: 'nats: tag: expected a legal subject, got "two words", which holds a blank or a control character; '
      + 'without nats-subject the tag is the subject (log-opt)',
  },
  {
    title: 'a broken template is refused in the words of the engine\'s own drivers',
    opts: { tag: '{{.Name' },
    shown: 'nats: tag: template: log-tag:1: unclosed action (log-opt)',
  },
  {
    title: 'a template with an unknown field is refused in the words of the engine\'s own drivers',
    opts: { tag: '{{.Nope}}' },
    shown: 'nats: tag: template: log-tag:1:2: executing "log-tag" at <.Nope>: can\'t evaluate field Nope in type *logger.Info (log-opt)',
  },
  {
    title: 'a regular expression that RE2 does not know is refused',
    opts: { 'labels-regex': '(?=x)' },
    shown: 'nats: labels-regex: expected a regular expression (RE2), got "(?=x)": '
      + 'error parsing regexp: invalid or unsupported Perl syntax: `(?=` (log-opt)',
  },
  {
    title: 'a certificate that is not there is no reason for the exit code of a missing program',
    opts: { 'nats-tls-ca-cert': '/srv/no/such/ca.pem' },
    shown: `nats: nats-tls-ca-cert: expected a readable file, found nothing at "/srv/no/such/ca.pem"; ${SEES_ONLY} (log-opt)`,
  },
  {
    title: 'a file of the host that is none of the containers\' affair is not read as a certificate',
    opts: { 'nats-tls-ca-cert': '/etc/passwd' },
    shown: 'nats: nats-tls-ca-cert: expected a file in a folder of nats-secret-dirs '
      + '(/srv, /etc/nats-log-driver, /run/secrets, /run/credentials/nats-log-driver.service, /root/.config/nats), "/etc/passwd" leads elsewhere (log-opt)',
  },
  {
    title: 'a client certificate without its key is refused',
    opts: { 'nats-tls-key': '/usr/local/bin/node' },
    shown: 'nats: nats-tls-key: needs nats-tls-cert as well (log-opt)',
  },
  {
    title: 'a token beside a user is refused',
    opts: { 'nats-token': 'canary', 'nats-user': 'a' },
    shown: 'nats: nats-token: cannot be used together with nats-user, set by log-opt (log-opt)',
  },
  {
    title: 'an option of the whole plugin is answered with the place where it belongs',
    opts: { 'log-level': 'debug' },
    shown: 'nats: log-level: concerns the whole plugin, set it with "docker plugin set nats LOG_LEVEL=…" or under defaults in the YAML file (log-opt)',
  },
  {
    title: 'two problems are told at once, and no password with them',
    opts: {
      'nats-servers': 'nats://user:canary@host:99999', 'nats-user': 'user', 'nats-pass': 'canary', 'nats-tls-skip-verify': 'perhaps',
    },
    shown: 'nats: 2 problems in the options\n'
      + 'nats-servers: expected a port from 1 to 65535, got "nats://user:***@host:99999" (log-opt)\n'
      + 'nats-tls-skip-verify: expected true or false, got "perhaps" (log-opt)',
  },
];

for (const [at, { title, opts, shown }] of CASES.entries()) {
  test(title, async (t) => {
    const { code, stdout, stderr } = await site.try({ name: `refused-${at}`, opts, command: 'echo hello' });
    t.is(refusal(stderr), shown, stderr);
    t.is(code, 125);
    t.is(stdout, '');
  });
}

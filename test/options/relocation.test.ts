/** Paths of a plugin, as its host sees them. */
import test from 'ava';
import { parseYaml } from '../../src/options/document.ts';
import { relocateSettings, relocateTexts } from '../../src/options/relocation.ts';
import { loadSettings, withLayers } from '../../src/options/resolve.ts';

const pathOf = (path: string): string => path.startsWith('/srv') ? path.replace('/srv', '/etc/certificates') : `/root${path}`;

test('paths of every layer and rule are moved, and nothing else', (t) => {
  const { layer, rules } = parseYaml(`
defaults: {nats-tls-ca-cert: /srv/ca.pem, nats-context: shop, nats-subject: /srv/x}
rules:
  - options: {nats-token-file: /run/secrets/token}
    force: {nats-context: /srv/shop.json}
    outputs: [{nats-servers: a.test, nats-creds-file: /srv/a.creds}]
`, '/c.yaml');
  const before = loadSettings({ NATS_CONFIG_KV: 'a/srv' }, []);
  const after = relocateSettings(withLayers({ ...before, rules }, [...before.layers, layer]), pathOf);
  t.is(after.options['nats-tls-ca-cert'], '/etc/certificates/ca.pem');
  t.deepEqual([after.options['nats-context'], after.options['nats-subject'], after.options['nats-config-kv']], ['shop', '/srv/x', 'a/srv']);
  t.deepEqual(after.options['nats-secret-dirs'].slice(0, 2), ['/etc/certificates', '/root/etc/nats-log-driver']);
  const [rule] = after.rules;
  t.is(rule?.options.values.get('nats-token-file')?.value, '/root/run/secrets/token');
  t.is(rule?.force.values.get('nats-context')?.value, '/etc/certificates/shop.json');
  t.is(rule?.outputs[0]?.layer.values.get('nats-creds-file')?.value, '/etc/certificates/a.creds');
  t.is(rule?.outputs[0]?.layer.values.get('nats-creds-file')?.origin, '/c.yaml:6:38 (rule 1)');
});

test('log-opts are moved as they came: what is no text, and what is no option, stays', (t) => {
  t.deepEqual(relocateTexts({ 'nats-tls-ca-cert': '/srv/ca.pem', 'nats-tls-key': 'key', 'tag': '/srv', 'unknown': '/srv/x', 'nats-tls-cert': 5 }, pathOf), {
    'nats-tls-ca-cert': '/etc/certificates/ca.pem', 'nats-tls-key': 'key', 'tag': '/srv', 'unknown': '/srv/x', 'nats-tls-cert': 5,
  });
});

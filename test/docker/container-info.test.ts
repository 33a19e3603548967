import test from 'ava';
import { command, imageId, name, parseEngineInfo, shortId } from '../../src/docker/container-info.ts';

const ID = 'a7317399f3f857173c6179d44823594f8294678dea9999662e5c625b5a1c7657';

test('what is missing or null is empty', (t) => {
  const nulls = { Config: null, ContainerArgs: null, ContainerName: null, ContainerEnv: null, ContainerLabels: null };
  for (const value of [{ ContainerID: ID }, { ContainerID: ID, ...nulls }]) {
    const info = parseEngineInfo(value);
    t.deepEqual(Object.keys(info.Config), []);
    t.deepEqual(Object.keys(info.ContainerLabels), []);
    t.deepEqual([info.ContainerArgs, info.ContainerEnv], [[], []]);
    t.deepEqual([info.ContainerName, info.ContainerCreated, info.LogPath], ['', '', '']);
  }
});

test('what the engine sends is kept as it is', (t) => {
  const info = parseEngineInfo({
    Config: { tag: '{{.Name}}' }, ContainerID: ID, ContainerName: '/app', ContainerEntrypoint: '/bin/sh', ContainerArgs: ['-c', 'x'],
    ContainerImageID: 'sha256:7cfb', ContainerImageName: 'busybox', ContainerCreated: '2024-05-06T07:08:09Z', ContainerEnv: ['A=b'],
    ContainerLabels: { l: 'v' }, LogPath: '', DaemonName: 'docker', SomethingNew: 5,
  });
  t.is(info.Config['tag'], '{{.Name}}');
  t.is(info.ContainerLabels['l'], 'v');
  t.deepEqual([info.ContainerName, info.ContainerArgs, info.ContainerEnv, info.DaemonName], ['/app', ['-c', 'x'], ['A=b'], 'docker']);
});

test('labels named like parts of JavaScript are labels', (t) => {
  const info = parseEngineInfo(JSON.parse(`{"ContainerID":"${ID}","ContainerLabels":{"__proto__":"p","constructor":"c"}}`));
  t.deepEqual(Object.entries(info.ContainerLabels), [['__proto__', 'p'], ['constructor', 'c']]);
  t.is(info.ContainerLabels['__proto__'], 'p');
  t.is(info.Config['constructor'], undefined);
});

const refused = test.macro((t, value: unknown, message: string) => t.throws(() => parseEngineInfo(value), { message }));

test('an info that is no object is refused', refused, [], 'container info: expected an object, got array');
test('an info that is null is refused', refused, null, 'container info: expected an object, got null');
test('an info without an ID is refused', refused, {}, 'container info, ContainerID: expected the full ID of the container, got nothing');
test('an ID that is longer than any is refused: it would be part of every message', refused, { ContainerID: 'x'.repeat(200) },
  'container info, ContainerID: expected the full ID of the container, at most 128 bytes, got 200');
test('a label whose value is a number is refused by the beginning of its name', refused, { ContainerID: ID, ContainerLabels: { ['x'.repeat(100_000)]: 5 } },
  `container info, ContainerLabels["${'x'.repeat(64)}"]: expected a string, got number`);
test('a name that is a number is refused', refused, { ContainerID: ID, ContainerName: 5 },
  'container info, ContainerName: expected a string, got number');
test('arguments that are text are refused', refused, { ContainerID: ID, ContainerArgs: 'sh' },
  'container info, ContainerArgs: expected an array of strings, got string');
test('a variable that is an object is refused by its place', refused, { ContainerID: ID, ContainerEnv: ['A=b', {}] },
  'container info, ContainerEnv[1]: expected a string, got object');
test('labels that are a list are refused', refused, { ContainerID: ID, ContainerLabels: [] },
  'container info, ContainerLabels: expected an object of strings, got array');
test('an option that is a number is refused by its name, without its value', refused, { ContainerID: ID, Config: { 'nats-pass': 12345 } },
  'container info, Config["nats-pass"]: expected a string, got number');

test('the short ID is the first twelve digits', (t) => {
  t.is(shortId(parseEngineInfo({ ContainerID: ID })), 'a7317399f3f8');
  t.is(shortId(parseEngineInfo({ ContainerID: 'abc' })), 'abc');
});

test('the name loses one slash', (t) => {
  t.is(name(parseEngineInfo({ ContainerID: ID, ContainerName: '/app' })), 'app');
  t.is(name(parseEngineInfo({ ContainerID: ID, ContainerName: '//app' })), '/app');
  t.is(name(parseEngineInfo({ ContainerID: ID, ContainerName: 'app' })), 'app');
});

test('the image ID is twelve digits behind the algorithm', (t) => {
  const imageOf = (ContainerImageID: string): string => imageId(parseEngineInfo({ ContainerID: ID, ContainerImageID }));
  t.is(imageOf('sha256:7cfbbec8963d8f13e6c70416d6592e1cc10f47a348131290a55d43c3acab3fb9'), '7cfbbec8963d');
  t.is(imageOf('7cfbbec8963d8f13'), '7cfbbec8963d');
  t.is(imageOf('sha256:7c'), '7c');
  t.is(imageOf(''), '');
});

test('the command is the entrypoint and its arguments', (t) => {
  const info = { ContainerID: ID, ContainerEntrypoint: '/bin/sh' };
  t.is(command(parseEngineInfo({ ...info, ContainerArgs: ['-c', 'echo hi'] })), '/bin/sh -c echo hi');
  t.is(command(parseEngineInfo(info)), '/bin/sh');
});

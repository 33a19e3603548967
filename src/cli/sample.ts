/** The container that commands judge options by, and log-opts as the command line of the engine takes them. */

export const SAMPLE_INFO = {
  ContainerID: 'a7317399f3f857173c6179d44823594f8294678dea9999662e5c625b5a1c7657',
  ContainerName: '/sample',
  ContainerEntrypoint: '/bin/sh',
  ContainerArgs: ['-c', 'echo hello'],
  ContainerImageID: 'sha256:7cfbbec8963d8f13e6c70416d6592e1cc10f47a348131290a55d43c3acab3fb9',
  ContainerImageName: 'example/app:1.0',
  ContainerCreated: '2026-03-14T15:09:00Z',
  ContainerEnv: ['PATH=/usr/bin:/bin', 'APP_VERSION=1.0'],
  ContainerLabels: { 'com.docker.compose.project': 'sample', 'com.docker.compose.service': 'app' },
  DaemonName: 'docker',
};

/** As the engine's own command line does: split at the first `=`; without one, the value is empty. */
export function parseLogOpts(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf('=');
    return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
  }));
}

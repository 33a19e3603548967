/** What the engine tells a driver about a container, in its own spelling. Source: moby daemon/logger/loginfo.go. */

export interface EngineInfo {
  readonly Config: Readonly<Record<string, string>> | null;
  readonly ContainerID: string;
  readonly ContainerName: string;
  readonly ContainerEntrypoint: string;
  readonly ContainerArgs: readonly string[] | null;
  readonly ContainerImageID: string;
  readonly ContainerImageName: string;
  readonly ContainerCreated: string;
  readonly ContainerEnv: readonly string[] | null;
  readonly ContainerLabels: Readonly<Record<string, string>> | null;
  readonly LogPath: string;
  readonly DaemonName: string;
}

/** A web server of a small shop. */
export const SAMPLE_INFO: EngineInfo = {
  Config: {},
  ContainerID: 'a7317399f3f857173c6179d44823594f8294678dea9999662e5c625b5a1c7657',
  ContainerName: '/shop-web-1',
  ContainerEntrypoint: '/docker-entrypoint.sh',
  ContainerArgs: ['nginx', '-g', 'daemon off;'],
  ContainerImageID: 'sha256:7cfbbec8963d8f13e6c70416d6592e1cc10f47a348131290a55d43c3acab3fb9',
  ContainerImageName: 'nginx:1.27',
  ContainerCreated: '2024-05-06T07:08:09.123456789Z',
  ContainerEnv: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'STAGE=production', 'REGION=eu-west-1', 'EMPTY='],
  ContainerLabels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web', team: 'storefront' },
  LogPath: '',
  DaemonName: 'docker',
};

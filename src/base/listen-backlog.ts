/** Connections of a listening socket that may wait to be accepted; the kernel takes less where `net.core.somaxconn` is lower. With Node's own 511 a burst is turned away. */
export const LISTEN_BACKLOG = 4096;

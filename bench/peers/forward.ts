/** A port on loopback whose connections are carried to another one. */
export interface Forward {
  readonly port: number;
  readonly target: number;
}

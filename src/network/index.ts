export {
  createNetworkManager,
  type NetworkLog,
  type NetworkManager,
  type NetworkOptions,
  type NetworkStatus,
  type SlotUse,
} from './network-manager.ts';
export { homeNetwork } from './home-network.ts';
export type { BrokenSlot, SlotFindings } from './slot-inspection.ts';
export {
  CACHE_PORT,
  GATEWAY_ADDRESS,
  GUEST_ADDRESS,
  GUEST_MAC,
  type NetworkSlot,
  SLOT_COUNT,
} from './slot-plan.ts';

export {
  createNetworkManager,
  type NetworkLog,
  type NetworkManager,
  type NetworkOptions,
  type NetworkStatus,
} from './network-manager.ts';
export { homeNetwork } from './home-network.ts';
export {
  CACHE_PORT,
  GATEWAY_ADDRESS,
  GUEST_ADDRESS,
  GUEST_MAC,
  type NetworkSlot,
  SLOT_COUNT,
} from './slot-plan.ts';

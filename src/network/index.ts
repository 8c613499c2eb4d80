export {
  createNetworkManager,
  type NetworkLog,
  type NetworkManager,
  type NetworkOptions,
  type NetworkStatus,
} from './network-manager.ts';
export { GATEWAY_ADDRESS, GUEST_ADDRESS, GUEST_MAC, type NetworkSlot } from './slot-plan.ts';

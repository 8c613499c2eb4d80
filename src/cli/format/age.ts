/** How long ago an ISO 8601 moment was, in one rough unit: `12 s`, `5 min`, `3 h`, `2 d`. */
export function formatAge(at: string, nowMs: number): string {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return at;
  const seconds = Math.max(0, Math.round((nowMs - moment) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

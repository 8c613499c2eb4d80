import type { Reporter } from 'knip';

/** A knip reporter that says how many files knip has read, which none of its own reporters do. */
const countFiles: Reporter = ({ counters }) => {
  console.log(`knip read ${counters.processed} files`);
};

export default countFiles;

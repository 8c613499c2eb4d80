import type { UpRequest } from '../../contract/index.ts';
import { berthError } from '../../errors/index.ts';
import type { Problem } from '../../model/index.ts';
import type { RegistryCredential } from '../../registries/index.ts';

/** The credentials of a request. @throws `bad-request` when one is neither a user with a password nor a token */
export function readCredentials(given: NonNullable<UpRequest['credentials']>): RegistryCredential[] {
  const problems: Problem[] = [];
  const credentials = given.flatMap((one, index): RegistryCredential[] => {
    const { registry, username, password, identityToken } = one;
    if (identityToken !== undefined && identityToken !== '')
      return [{ registry, credential: { identityToken } }];
    if (username !== undefined && username !== '' && password !== undefined)
      return [{ registry, credential: { username, password } }];
    problems.push({
      path: `credentials[${index}]`,
      message: 'has neither a user name with a password nor an identity token',
    });
    return [];
  });
  if (problems.length > 0) throw berthError('bad-request', 'a credential is incomplete', { problems });
  return credentials;
}

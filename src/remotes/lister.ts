/** Asks repositories elsewhere which refs they have. Shared by whoever observes upstreams and remote mirrors. */
import type { Login } from '../reconciler/model.ts';
import type { Asking } from '../reconciler/ports.ts';
import type { RefListing } from './ref-listing.ts';

export interface RefQuery {
  url: string;
  login: Login | null;
  /** Its branch that is asked for, besides HEAD and all tags; null for no other than the one that HEAD names. */
  branch: string | null;
}

export interface RefLister {
  /** Throws `TrialFault` `infra`, or the signal's reason. What comes back may hold other refs than those asked for. */
  list(query: RefQuery, asking: Asking): Promise<RefListing>;
}

/** What a look says of whether anybody acts, where whoever looks holds the lease. */
export const AT_WORK = { readable: true, value: true } as const;

/** Stands apart from the logger, so that parsing a command line does not load one. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

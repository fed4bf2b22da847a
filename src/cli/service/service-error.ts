/** The service cannot be installed or removed; the message says what to do. */
export class ServiceError extends Error {}

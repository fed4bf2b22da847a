/** What a CoreSight component says it is. Designer Arm, revision 0. */
export interface ComponentIdentity {
  /** 12 bits. */
  readonly part: number;
  /** 0x1 ROM table, 0x9 CoreSight component, 0xE generic IP. */
  readonly componentClass: number;
}

/**
 * The identification registers PIDR4-7, PIDR0-3 and CIDR0-3 of a component (IHI 0031 D1.2).
 *
 * @param offset  in the 4 KB page of the component
 * @returns       0 where there is no identification register
 */
export function componentWord({ part, componentClass }: ComponentIdentity, offset: number): number {
  switch (offset) {
    case 0xfd0:
      return 0x04; // JEP106 continuation code 4
    case 0xfe0:
      return part & 0xff;
    case 0xfe4:
      return 0xb0 | (part >>> 8); // JEP106 identity 0x3B, low half
    case 0xfe8:
      return 0x0b;
    case 0xff0:
      return 0x0d;
    case 0xff4:
      return componentClass << 4;
    case 0xff8:
      return 0x05;
    case 0xffc:
      return 0xb1;
    default:
      return 0;
  }
}

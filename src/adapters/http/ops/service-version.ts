/** The version of this build, as package.json has it. */
export class ServiceVersion {
  constructor(readonly text: string) {}
}

/** A topic by which a provider's events come in. */
export interface IngestTopic {
  readonly topic: string;
  /** The provider that everything in it belongs to. */
  readonly provider: string;
}

/** The topic, once it is open. */
export interface IngestSource extends IngestTopic {
  /** The identity of its log. */
  readonly logId: string;
}

/** The topic of the records that were refused. */
export const deadTopic = "posthorn.ingest.dead.v1";

package bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;

/** The benchmark's events and rows, as JSON has them. */
public final class Events {
    /** A server event. */
    public static final class Server {
        @JsonProperty("request_id") public String requestId;
        @JsonProperty("member_id") public long memberId;
        public String page;
        public String items;
        @JsonProperty("server_ts") public long time;
    }

    /** A client event; written without its key, which stores and rows have besides. */
    public static final class Client {
        @JsonProperty(value = "request_id", access = JsonProperty.Access.WRITE_ONLY) public String requestId;
        public String event;
        public String ua;
        @JsonProperty("client_ts") public long time;
    }

    /** A row of the result. */
    public static final class Row {
        @JsonUnwrapped public final Server server;
        @JsonUnwrapped public final Client client;

        Row(Server server, Client client) {
            this.server = server;
            this.client = client;
        }
    }

    private Events() {}
}

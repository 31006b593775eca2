#include "services/cli/commands.h"

namespace chat::cli {

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"register", "PHONE", "", "ask for a code for this phone (Auth/reg)",
       "The device connects as reg_<its own random id> and prints what the server answers, "
       "sms_sent.\n"
       "The code goes out by SMS; on a local cluster it is the last line of "
       "$CHAT_OUTBOX/sms.jsonl.",
       Register},
      {"verify", "PHONE CODE", "", "hand in the code, get a token (Auth/verify)",
       "The token is kept in device.json under --home, mode 600, and is never printed. With "
       "--json\n"
       "the Profile is printed.",
       Verify},
      {"login", "", "", "connect with the token and print phone, phone ids and contacts",
       "Connects with clean_session 0, as every command but register and verify does. A token "
       "that\n"
       "the server renews is stored.",
       Login},
      {"logout", "", "", "end the session; the token is void afterwards (Auth/logout)",
       "Also forgets what is stored for listen.", Logout},
      {"friend add", "PHONE|PHONE_ID", "", "ask for friendship (Friend/request)",
       "A phone is looked up among the own contacts, then by Search/contact. A phone with several\n"
       "rosters must be named by phone id.",
       FriendAdd},
      {"friend confirm", "PHONE|PHONE_ID", "", "accept a request for friendship (Friend/confirm)",
       "A phone means the contact of that phone that waits for confirmation.", FriendConfirm},
      {"send", "TO TEXT", "", "send a message and print its id (Message/client)",
       "TO is a phone (digits, with or without +), a phone id (digits_digits) or else a room. "
       "Waits\n"
       "until the message is committed (PUBACK) and the own copy has come back. A TEXT that "
       "begins\n"
       "with two dashes goes behind a lone --.",
       Send},
      {"listen", "", "--count --seconds --all", "print what arrives, until N messages or S seconds",
       "Prints every message that the device gets, the stored ones first. What another command of\n"
       "the same --home has met on its way was laid aside and comes first of all; nothing is "
       "lost.\n"
       "A message is acknowledged only when it has been printed.\n"
       "One --home is one device: another command of it takes the connection over while it runs,\n"
       "then listen goes on. Two devices need two --home. A lost connection is tried again for 5 "
       "s.",
       Listen},
      {"history", "PEER", "--count", "print the messages of a conversation (History/get)",
       "PEER as TO of send. --count -N: the newest N (default -50); --count N: the oldest N. "
       "Without\n"
       "--json one message a line, the oldest first; with it the History replies as they came.",
       History},
      {"top", "", "--metrics --count --seconds",
       "show the cluster from the metrics of its processes",
       "For operators. Asks every process every two seconds, prints traffic, latency of commits, "
       "and a\n"
       "line a process; one that does not answer is DOWN. --metrics defaults to the variable "
       "CHAT_METRICS\n"
       "of cluster.env. --count N: N times, --seconds S: for so long, else until it is ended. "
       "--json: one\n"
       "object a time. Connects to no gateway.",
       Top},
      {"trace", "MSG_ID", "--grpc --from --count", "show the life of one message",
       "For operators. MSG_ID is the server's id of a message (or a position), or the client's own "
       "msg_id;\n"
       "--from names its author, where there are many. Prints when and where it came in, was "
       "committed and\n"
       "published, to which devices it went out and who acknowledged it; what it says is not "
       "shown. Gateways\n"
       "and messaging remember their last 65,536 notes (key trace_notes); of older messages there "
       "is what\n"
       "PostgreSQL knows. Times are those of each machine's clock. --count N: at most N sessions "
       "(200).\n"
       "--grpc defaults to the variable CHAT_GRPC of cluster.env, in a gateway's container to the "
       "addresses of\n"
       "that gateway. With mutual TLS: CHAT_RPC_TLS_CERT, _KEY, _CA, _NAME, as the processes have "
       "them.",
       Trace},
      {"bert", "", "", "a tool for client authors: read hex payloads, say what they are",
       "Reads one payload a line in hex from stdin and prints one JSON object a line:\n"
       "  term       the term in Erlang syntax, null when the payload is malformed\n"
       "  canonical  our encoding of the term in hex, null when the payload is malformed\n"
       "  record     the name of the record that the term is, or null\n"
       "  error      null, or what is wrong with the payload or with the record it is named after\n"
       "by the code and the limits of the gateway. Connects to nothing.",
       Bert},
  };
  return commands;
}

}  // namespace chat::cli

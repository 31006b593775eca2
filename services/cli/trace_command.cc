// trace: the life of one message, asked of messaging and the gateways over their internal gRPC.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <future>
#include <map>
#include <set>
#include <sstream>

#include "chat/v1/trace.grpc.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/journeys.h"
#include "libs/rpc/tls.h"
#include "services/cli/commands.h"
#include "services/cli/received.h"
#include "services/cli/trace_report.h"

namespace chat::cli {

namespace {

constexpr std::chrono::milliseconds kPatience{6000};  // PostgreSQL's own is 5 s
constexpr std::chrono::milliseconds kNotesPatience{3000};

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

// The first of the two that is set: the operator's own, and that of the gateway's container.
std::string Either(const std::string& rest) {
  const std::string own = Variable("CHAT_" + rest);
  return own.empty() ? Variable("CHAT_GATEWAY_" + rest) : own;
}

struct Peers {
  std::vector<std::string> messaging, gateways;  // gRPC addresses
};

// "messaging-1=host:port gateway-1=host:port …"; the other kinds are of no interest. A name with
// several addresses is several processes.
absl::StatusOr<Peers> PeersOf(const std::string& given) {
  std::string text = given.empty() ? Variable("CHAT_GRPC") : given;
  if (text.empty()) {
    std::istringstream addresses(Variable("CHAT_GATEWAY_MESSAGING_ADDRS"));
    for (std::string one; std::getline(addresses, one, ',');) text += "messaging=" + one + " ";
  }
  Peers peers;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || !client::ParseAddress(word.substr(equals + 1))) {
      return absl::InvalidArgumentError(View("--grpc: \"" + word + "\" is not NAME=HOST:PORT"));
    }
    std::vector<std::string>* of = word.starts_with("messaging") ? &peers.messaging
                                   : word.starts_with("gateway") ? &peers.gateways
                                                                 : nullptr;
    if (of == nullptr) continue;
    for (std::string& address : rpc::AddressesOf(word.substr(equals + 1))) {
      of->push_back(std::move(address));
    }
  }
  if (!peers.messaging.empty()) return peers;
  return absl::InvalidArgumentError(
      "trace needs --grpc \"messaging-1=HOST:PORT gateway-1=HOST:PORT …\" or the variable "
      "CHAT_GRPC "
      "of cluster.env");
}

absl::Status UseTlsIfConfigured() {
  rpc::TlsFiles files{.certificate = Either("RPC_TLS_CERT"),
                      .key = Either("RPC_TLS_KEY"),
                      .authority = Either("RPC_TLS_CA")};
  if (const std::string name = Either("RPC_TLS_NAME"); !name.empty()) files.name = name;
  return files.off() ? absl::OkStatus() : rpc::UseTls(files);
}

v1::FindMessageRequest Wanted(const Arguments& arguments, bool as_number) {
  const std::string& id = arguments.operands[0];
  v1::FindMessageRequest request;
  if (arguments.count) request.set_sessions(static_cast<int32_t>(*arguments.count));
  int64_t number = 0;
  if (as_number) {
    std::from_chars(id.data(), id.data() + id.size(), number);
    request.set_id(number);
  } else {
    request.set_msg_id(id);
    request.set_author(arguments.author);
  }
  return request;
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

// Of the first replica that answers.
absl::StatusOr<v1::FindMessageReply> Ask(const std::vector<std::string>& messaging,
                                         const v1::FindMessageRequest& request) {
  absl::Status failed;
  for (const std::string& address : messaging) {
    const auto stub = v1::MessageTraceInternal::NewStub(rpc::Direct(address));
    v1::FindMessageReply reply;
    const absl::Status status =
        rpc::Invoke(rpc::Background(kPatience), *stub, &v1::MessageTraceInternal::Stub::Find,
                    request, &reply, kPatience);
    if (status.ok()) return reply;
    if (absl::IsNotFound(status)) return absl::FailedPreconditionError("not_found");
    failed = absl::UnavailableError(View(address + ": " + Message(status)));
  }
  return failed;
}

// A server's id first; digits may be a client's own id as well.
absl::StatusOr<v1::FindMessageReply> Find(const Arguments& arguments, const Peers& peers) {
  if (IsNumber(arguments.operands[0]) && arguments.author.empty()) {
    auto found = Ask(peers.messaging, Wanted(arguments, true));
    if (found.ok() || !absl::IsFailedPrecondition(found.status())) return found;
  }
  return Ask(peers.messaging, Wanted(arguments, false));
}

struct Told {
  std::string address;
  absl::StatusOr<v1::NotesReply> reply;
};

// All at once.
std::vector<Told> NotesOf(const std::map<std::string, bool>& witnesses,
                          const v1::NotesRequest& request) {
  std::vector<std::future<Told>> asked;
  for (const auto& [witness, matters] : witnesses) {
    asked.push_back(std::async(std::launch::async, [&address = witness, &request] {
      const auto stub = v1::JourneysInternal::NewStub(rpc::Direct(address));
      v1::NotesReply reply;
      const absl::Status status =
          rpc::Invoke(rpc::Background(kNotesPatience), *stub, &v1::JourneysInternal::Stub::Notes,
                      request, &reply, kNotesPatience);
      return Told{address, status.ok() ? absl::StatusOr<v1::NotesReply>(std::move(reply)) : status};
    }));
  }
  std::vector<Told> told;
  for (auto& one : asked) told.push_back(one.get());
  return told;
}

// Adds the traces that the replies name.
void LearnTraces(const std::vector<Told>& told, v1::NotesRequest* request) {
  std::set<uint64_t> known;
  for (const Told& one : told) {
    if (!one.reply.ok()) continue;
    for (const v1::Note& note : one.reply->notes()) {
      if (note.trace() != 0 && known.insert(note.trace()).second) request->add_traces(note.trace());
    }
  }
}

// Address -> whether it matters when nobody answers there.
std::map<std::string, bool> Witnesses(const Peers& peers, const v1::FindMessageReply& found) {
  std::map<std::string, bool> witnesses;
  for (const v1::TracedSession& session : found.sessions()) {
    if (!session.gateway().empty()) witnesses[session.gateway()] |= session.connected();
  }
  for (const auto* addresses : {&peers.messaging, &peers.gateways}) {
    for (const std::string& address : *addresses) witnesses[address] = true;
  }
  return witnesses;
}

// What the processes on the message's way remember. Where it came in is known by its trace only,
// which whoever saw its event knows.
void AskWitnesses(const Peers& peers, TraceReport* report) {
  const v1::TracedMessage& message = report->found.messages(0);
  const std::map<std::string, bool> witnesses = Witnesses(peers, report->found);
  v1::NotesRequest request;
  request.add_positions(message.id());
  if (message.position() != message.id()) request.add_positions(message.position());
  std::vector<Told> told = NotesOf(witnesses, request);
  LearnTraces(told, &request);
  if (request.traces_size() > 0) told = NotesOf(witnesses, request);
  std::set<std::pair<std::string, int64_t>> heard;  // one process may have two addresses
  for (Told& one : told) {
    if (!one.reply.ok()) {
      if (witnesses.at(one.address)) report->silent.push_back(one.address);
    } else if (heard.emplace(one.reply->name(), one.reply->since_us()).second) {
      report->notes.push_back(*std::move(one.reply));
    }
  }
}

}  // namespace

absl::Status Trace(const Arguments& arguments) {
  CHAT_RETURN_IF_ERROR(UseTlsIfConfigured());
  CHAT_ASSIGN_OR_RETURN(Peers peers, PeersOf(arguments.grpc));
  TraceReport report;
  CHAT_ASSIGN_OR_RETURN(report.found, Find(arguments, peers));
  if (report.found.messages_size() > 1) {
    std::string text = "several authors used this msg_id; choose by id:";
    for (const v1::TracedMessage& message : report.found.messages())
      text += "\n" + OneLine(message);
    return absl::InvalidArgumentError(View(text));
  }
  AskWitnesses(peers, &report);
  return PrintLine(arguments.json ? ToJson(report) : ToText(report));
}

}  // namespace chat::cli

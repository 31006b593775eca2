#include "services/cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "libs/base/status.h"
#include "services/cli/usage.h"

namespace chat::cli {

namespace {

constexpr double kMaxSeconds = 1e9;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> ParseMilliseconds(std::string_view text) {
  const auto seconds = ParseNumber<double>(text);
  if (!seconds || !(*seconds >= 0) || *seconds > kMaxSeconds) return std::nullopt;
  return static_cast<int64_t>(*seconds * 1000);
}

bool SetHome(Arguments& arguments, std::string_view value) {
  arguments.home = value;
  return !value.empty();
}

bool SetGateway(Arguments& arguments, std::string_view value) {
  const auto address = client::ParseAddress(value);
  if (address) arguments.gateway = *address;
  return address.has_value();
}

bool SetTimeout(Arguments& arguments, std::string_view value) {
  const auto time = ParseMilliseconds(value);
  if (time) arguments.timeout_ms = *time;
  return time.has_value() && *time > 0;
}

bool SetCount(Arguments& arguments, std::string_view value) {
  arguments.count = ParseNumber<int64_t>(value);
  return arguments.count && *arguments.count > INT32_MIN && *arguments.count < INT32_MAX;
}

bool SetSeconds(Arguments& arguments, std::string_view value) {
  arguments.listen_ms = ParseMilliseconds(value);
  return arguments.listen_ms.has_value();
}

// The words of the user taken apart: options are applied, the others are in `words`.
struct Scanned {
  std::vector<std::string> words;
  std::vector<const Option*> used;
  Arguments arguments;
  bool help = false;
  bool version = false;
};

const Option* FindOption(std::string_view name) {
  for (const Option& option : Options()) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

absl::Status Wrong(std::string text) { return absl::InvalidArgumentError(text); }

// One option; *next is the word behind it, which its value may take.
absl::Status ScanOption(const std::string& word, const std::vector<std::string>& words,
                        size_t* next, Scanned* scanned) {
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const Option* option = FindOption(name);
  if (option == nullptr) return Wrong("unknown option " + name);
  std::string value;
  if (option->value.empty() && equals != std::string::npos) return Wrong(name + " takes no value");
  if (!option->value.empty()) {
    if (equals == std::string::npos && *next >= words.size()) return Wrong(name + " needs a value");
    value = equals == std::string::npos ? words[(*next)++] : word.substr(equals + 1);
  }
  if (!option->set(scanned->arguments, value)) {
    return Wrong(name + ": " + std::string(option->value) + " is not \"" + value + "\"");
  }
  scanned->used.push_back(option);
  return absl::OkStatus();
}

absl::StatusOr<Scanned> Scan(const std::vector<std::string>& words) {
  Scanned scanned;
  bool options = true;
  for (size_t next = 0; next < words.size();) {
    const std::string& word = words[next++];
    if (options && word == "--") {
      options = false;
    } else if (options && (word == "--help" || word == "-h")) {
      scanned.help = true;
    } else if (options && word == "--version") {
      scanned.version = true;
    } else if (options && word.starts_with("--")) {
      CHAT_RETURN_IF_ERROR(ScanOption(word, words, &next, &scanned));
    } else {
      scanned.words.push_back(word);
    }
  }
  return scanned;
}

// Takes the name of the command, one word or two, off the front of `words`.
const Command* TakeCommand(const std::vector<Command>& commands, std::vector<std::string>* words) {
  for (const size_t length : {size_t{2}, size_t{1}}) {
    if (words->size() < length) continue;
    const std::string name = length == 2 ? (*words)[0] + " " + (*words)[1] : (*words)[0];
    for (const Command& command : commands) {
      if (command.name != name) continue;
      words->erase(words->begin(), words->begin() + static_cast<std::ptrdiff_t>(length));
      return &command;
    }
  }
  return nullptr;
}

}  // namespace

const std::vector<Option>& Options() {
  static const std::vector<Option> options = {
      {"--home", "DIR", "where this device keeps its token (default ~/.chat); one device, one DIR",
       true, SetHome},
      {"--gateway", "HOST:PORT", "MQTT listener of a gateway (default 127.0.0.1:1883)", true,
       SetGateway},
      {"--json", "", "print messages as JSON, one object a line: topic, qos, term, record", true,
       [](Arguments& arguments, std::string_view) { return arguments.json = true; }},
      {"--timeout", "S", "seconds to wait for the connection and for an answer (default 10)", true,
       SetTimeout},
      {"--count", "N", "how many messages", false, SetCount},
      {"--seconds", "S", "for how long", false, SetSeconds},
      {"--metrics", "LIST", "where processes show metrics: NAME=HOST:PORT, separated by blanks",
       false,
       [](Arguments& arguments, std::string_view value) {
         arguments.metrics = value;
         return !value.empty();
       }},
      {"--grpc", "LIST", "where processes serve gRPC: NAME=HOST:PORT, separated by blanks", false,
       [](Arguments& arguments, std::string_view value) {
         arguments.grpc = value;
         return !value.empty();
       }},
      {"--from", "PHONE_ID", "the author of the message", false,
       [](Arguments& arguments, std::string_view value) {
         arguments.author = value;
         return !value.empty();
       }},
      {"--all", "", "also what the server says at every connect: vnode_max and the Profile", false,
       [](Arguments& arguments, std::string_view) { return arguments.all = true; }},
  };
  return options;
}

absl::StatusOr<Call> ParseCall(const std::vector<std::string>& words,
                               const std::vector<Command>& commands) {
  CHAT_ASSIGN_OR_RETURN(Scanned scanned, Scan(words));
  Call call;
  if (scanned.version) {
    call.text = "chat " CHAT_VERSION "\n";
    return call;
  }
  if (scanned.words.empty()) {
    if (!scanned.help) return Wrong("no command\n" + Overview(commands));
    call.text = Overview(commands);
    return call;
  }
  const std::string first = scanned.words.front();
  const Command* command = TakeCommand(commands, &scanned.words);
  if (command == nullptr) return Wrong("unknown command " + first + "\n" + Overview(commands));
  if (scanned.help) {
    call.text = Manual(*command);
    return call;
  }
  for (const Option* option : scanned.used) {
    if (!option->everywhere && !HasWord(command->options, option->name)) {
      return Wrong(std::string(option->name) + " does not belong to this command\n" +
                   UsageLine(*command));
    }
  }
  if (scanned.words.size() != CountWords(command->operands))
    return Wrong("wrong number of operands\n" + UsageLine(*command));
  call.command = command;
  call.arguments = std::move(scanned.arguments);
  call.arguments.operands = std::move(scanned.words);
  return call;
}

}  // namespace chat::cli

// What is carried to a person, and who carries it. Beside the database the only place that learns a
// code: nothing else may write one down.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace chat::courier {

enum class Kind { kSms, kVoice, kEmail };

// "sms", "voice", "email".
constexpr std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kSms:
      return "sms";
    case Kind::kVoice:
      return "voice";
    case Kind::kEmail:
      return "email";
  }
  return "";
}

struct Letter {
  Kind kind = Kind::kSms;
  std::string to;            // a phone number or an e-mail address
  std::string code;          // what `text` holds, for machines
  std::string text;          // what the user sees or hears
  std::string subject = {};  // of an e-mail
  std::string id = {};       // the same for every attempt; Courier::Send gives one
};

class Carrier {
 public:
  virtual ~Carrier() = default;

  // One attempt to hand the letter over; may block for as long as its time-out. Thread safe. OK:
  // taken. kUnavailable: may be tried again. kInvalidArgument: `to` is refused. Anything else:
  // refused for good. The status holds neither code nor text.
  virtual absl::Status Carry(const Letter& letter) = 0;
};

}  // namespace chat::courier

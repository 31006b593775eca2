#pragma once

#include <string>
#include <utility>
#include <variant>

#include "libs/bert/term.h"

namespace chat::bert {

// A term, or the reason why there is none. The reason is English for logs and operators; it names
// the byte offset and never quotes the input.
class [[nodiscard]] DecodeResult {
 public:
  DecodeResult(Term term) : value_(std::move(term)) {}

  static DecodeResult Error(std::string reason) { return DecodeResult(Reason{std::move(reason)}); }

  bool ok() const { return std::holds_alternative<Term>(value_); }

  // Only when ok().
  const Term& term() const& { return std::get<Term>(value_); }
  Term&& term() && { return std::get<Term>(std::move(value_)); }

  // Only when not ok().
  const std::string& error() const { return std::get<Reason>(value_).text; }

 private:
  struct Reason {
    std::string text;
  };

  explicit DecodeResult(Reason reason) : value_(std::move(reason)) {}

  std::variant<Term, Reason> value_;
};

}  // namespace chat::bert

#include "tests/load/text.h"

#include <array>
#include <charconv>
#include <random>

namespace chat::load {

namespace {

// "<number>:" off the front of `text`.
bool TakeNumber(std::string_view& text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ':') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

std::string NewRun() {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string run = "r";
  for (int i = 0; i < 9; ++i) run += kLetters[random() % kLetters.size()];
  return run;
}

std::string TextOf(std::string_view run, const Mark& mark, size_t size) {
  std::string text(run);
  for (const uint32_t part : {mark.send.feed, mark.send.number, mark.version}) {
    text += ":" + std::to_string(part);
  }
  text += ":";
  if (text.size() < size) text.append(size - text.size(), '.');
  return text;
}

std::optional<Mark> ReadText(std::string_view run, std::string_view text) {
  if (!text.starts_with(run) || text.size() <= run.size() || text[run.size()] != ':') return {};
  text.remove_prefix(run.size() + 1);
  Mark mark;
  if (!TakeNumber(text, mark.send.feed) || !TakeNumber(text, mark.send.number) ||
      !TakeNumber(text, mark.version)) {
    return {};
  }
  return mark;
}

std::string MessageId(std::string_view run, SendId send) {
  return std::string(run) + "-" + std::to_string(send.feed) + "-" + std::to_string(send.number);
}

}  // namespace chat::load

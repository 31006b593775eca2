#include "libs/bert/decode.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/utf8.h"
#include "libs/bert/float_text.h"
#include "libs/bert/inflate.h"
#include "libs/bert/tags.h"

namespace chat::bert {

// Reads terms from left to right. Every Read… returns false after Fail; `depth` is the number of
// containers entered.
class Decoder {
 public:
  Decoder(std::string_view input, const Limits& limits)
      : input_(input), limits_(limits), terms_left_(limits.terms) {}

  bool ReadTerm(Term& out, size_t depth);

  std::string_view rest() const { return input_.substr(position_); }
  std::string Reason() const { return "byte " + std::to_string(position_) + ": " + reason_; }

 private:
  bool Fail(const char* reason) {
    reason_ = reason;
    return false;
  }

  size_t left() const { return input_.size() - position_; }

  // A big-endian number of kBytes bytes.
  template <size_t kBytes, typename T>
  bool ReadNumber(T& out) {
    if (left() < kBytes) return Fail("the term is cut short");
    uint64_t value = 0;
    for (size_t i = 0; i < kBytes; ++i) {
      value = value << 8 | static_cast<unsigned char>(input_[position_ + i]);
    }
    position_ += kBytes;
    out = static_cast<T>(value);
    return true;
  }

  bool ReadBytes(size_t size, std::string_view& out) {
    if (left() < size) return Fail("the term is cut short");
    out = input_.substr(position_, size);
    position_ += size;
    return true;
  }

  // A length of kBytes bytes and as many bytes.
  template <size_t kBytes>
  bool ReadSized(std::string_view& out) {
    size_t size = 0;
    return ReadNumber<kBytes>(size) && ReadBytes(size, out);
  }

  // Reserves `count` times `each` terms of the payload's allowance.
  bool Claim(size_t count, size_t each = 1) {
    // Every term takes at least a byte, so a count of more is a lie; told before anything is
    // allocated.
    if (count > left() / each) return Fail("more elements declared than bytes are left");
    if (count > terms_left_ / each) return Fail("too many terms");
    terms_left_ -= count * each;
    return true;
  }

  bool Enter(size_t& depth) {
    if (depth >= limits_.depth) return Fail("nested too deeply");
    ++depth;
    return true;
  }

  template <size_t kBytes>
  bool ReadLatin1Atom(Term& out);
  template <size_t kBytes>
  bool ReadUtf8Atom(Term& out);
  bool ReadNewFloat(Term& out);
  bool ReadFloatText(Term& out);
  template <size_t kBytes>
  bool ReadBig(Term& out);
  template <size_t kBytes>
  bool ReadTuple(Term& out, size_t depth);
  bool ReadString(std::string_view& bytes);
  bool ReadList(Term& out, size_t depth);
  bool ReadSmallIntegers(Term& out, size_t count);
  bool ReadCells(std::vector<Term>& cells, size_t count, size_t depth);
  bool ReadListEnd(std::vector<Term>& cells, bool& improper, bool& more, size_t depth);
  bool ReadMap(Term& out, size_t depth);

  const std::string_view input_;
  const Limits& limits_;
  size_t position_ = 0;
  size_t terms_left_;
  const char* reason_ = "";
};

template <size_t kBytes>
bool Decoder::ReadLatin1Atom(Term& out) {
  std::string_view name;
  if (!ReadSized<kBytes>(name)) return false;
  if (name.size() > kMaxAtomCharacters) return Fail("an atom of more than 255 characters");
  if (IsAscii(name)) {
    out.SetBytes(Term::Kind::kAtom, name);
  } else {
    out.SetBytes(Term::Kind::kAtom, FromLatin1(name));
  }
  return true;
}

template <size_t kBytes>
bool Decoder::ReadUtf8Atom(Term& out) {
  std::string_view name;
  if (!ReadSized<kBytes>(name)) return false;
  if (!Term::ValidAtom(name)) return Fail("an atom of more than 255 characters or not UTF-8");
  out.SetBytes(Term::Kind::kAtom, name);
  return true;
}

bool Decoder::ReadNewFloat(Term& out) {
  uint64_t bits = 0;
  if (!ReadNumber<8>(bits)) return false;
  const double value = std::bit_cast<double>(bits);
  if (!std::isfinite(value)) return Fail("a float that is not finite");
  out.SetFloat(value);
  return true;
}

bool Decoder::ReadFloatText(Term& out) {
  std::string_view text;
  if (!ReadBytes(31, text)) return false;
  const auto value = ParseFloat(text.substr(0, text.find('\0')));
  if (!value) return Fail("a float whose text does not parse");
  out.SetFloat(*value);
  return true;
}

template <size_t kBytes>
bool Decoder::ReadBig(Term& out) {
  size_t size = 0;
  uint8_t sign = 0;
  std::string_view magnitude;
  if (!ReadNumber<kBytes>(size)) return false;
  if (size > limits_.integer_bytes) return Fail("an integer that is too large");
  if (!ReadNumber<1>(sign) || !ReadBytes(size, magnitude)) return false;
  out.SetBigInteger(sign != 0, magnitude);
  return true;
}

template <size_t kBytes>
bool Decoder::ReadTuple(Term& out, size_t depth) {
  size_t arity = 0;
  if (!Enter(depth) || !ReadNumber<kBytes>(arity) || !Claim(arity)) return false;
  std::vector<Term> elements;
  if (!ReadCells(elements, arity, depth)) return false;
  out.SetTerms(Term::Kind::kTuple, std::move(elements));
  return true;
}

bool Decoder::ReadString(std::string_view& bytes) {
  size_t size = 0;
  return ReadNumber<2>(size) && Claim(size) && ReadBytes(size, bytes);
}

// Appends `count` claimed terms.
bool Decoder::ReadCells(std::vector<Term>& cells, size_t count, size_t depth) {
  const size_t needed = cells.size() + count;
  if (needed > cells.capacity()) cells.reserve(std::max(needed, 2 * cells.capacity()));
  for (; count > 0; --count) {
    if (!ReadTerm(cells.emplace_back(), depth)) return false;
  }
  return true;
}

// Many clients write strings as lists of bytes: these take one byte each from the start. False, and
// nothing read, when the list is another one.
bool Decoder::ReadSmallIntegers(Term& out, size_t count) {
  const std::string_view cells = rest();
  if (count == 0 || cells.size() / 2 < count || cells.size() == 2 * count) return false;
  if (static_cast<Tag>(cells[2 * count]) != Tag::kNil) return false;
  for (size_t i = 0; i < count; ++i) {
    if (static_cast<Tag>(cells[2 * i]) != Tag::kSmallInteger) return false;
  }
  std::string bytes(count, '\0');
  for (size_t i = 0; i < count; ++i) bytes[i] = cells[2 * i + 1];
  out.SetBytes(Term::Kind::kByteList, bytes);
  position_ += 2 * count + 1;
  return true;
}

// A list whose tail is a list goes on in the same vector, so that a chain of tails costs no more
// than one list.
bool Decoder::ReadList(Term& out, size_t depth) {
  std::vector<Term> cells;
  bool improper = false;
  for (bool more = true; more;) {
    size_t count = 0;
    if (!Enter(depth) || !ReadNumber<4>(count) || !Claim(count)) return false;
    if (cells.empty() && ReadSmallIntegers(out, count)) return true;
    if (!ReadCells(cells, count, depth)) return false;
    if (!ReadListEnd(cells, improper, more, depth)) return false;
  }
  if (!improper) {
    out.SetList(std::move(cells));
  } else if (cells.size() == 1) {
    out = std::move(cells.front());
  } else {
    out.SetTerms(Term::Kind::kImproperList, std::move(cells));
  }
  return true;
}

// Reads a tail that ends the list, or only the tag of one that continues it (`more`). An improper
// tail becomes the last cell.
bool Decoder::ReadListEnd(std::vector<Term>& cells, bool& improper, bool& more, size_t depth) {
  if (left() == 0) return Fail("the term is cut short");
  switch (static_cast<Tag>(input_[position_])) {
    case Tag::kList:
      ++position_;
      return true;
    case Tag::kNil:
      ++position_;
      more = false;
      return true;
    case Tag::kString: {
      ++position_;
      more = false;
      std::string_view bytes;
      if (!ReadString(bytes)) return false;
      cells.reserve(cells.size() + bytes.size());
      for (const char byte : bytes)
        cells.emplace_back().SetInteger(static_cast<unsigned char>(byte));
      return true;
    }
    default:
      more = false;
      improper = true;
      return ReadCells(cells, 1, depth);
  }
}

bool Decoder::ReadMap(Term& out, size_t depth) {
  size_t pairs = 0;
  if (!Enter(depth) || !ReadNumber<4>(pairs) || !Claim(pairs, 2)) return false;
  std::vector<MapEntry> entries;
  entries.reserve(pairs);
  for (; pairs > 0; --pairs) {
    MapEntry& entry = entries.emplace_back();
    if (!ReadTerm(entry.key, depth) || !ReadTerm(entry.value, depth)) return false;
  }
  if (!SortByKey(entries)) return Fail("a map with the same key twice");
  out.SetEntries(std::move(entries));
  return true;
}

bool Decoder::ReadTerm(Term& out, size_t depth) {
  uint8_t tag = 0;
  if (!ReadNumber<1>(tag)) return false;
  std::string_view bytes;
  switch (static_cast<Tag>(tag)) {
    case Tag::kSmallInteger: {
      uint8_t value = 0;
      if (!ReadNumber<1>(value)) return false;
      out.SetInteger(value);
      return true;
    }
    case Tag::kInteger: {
      int32_t value = 0;
      if (!ReadNumber<4>(value)) return false;
      out.SetInteger(value);
      return true;
    }
    case Tag::kNil:
      return true;
    case Tag::kBinary:
      if (!ReadSized<4>(bytes)) return false;
      out.SetBytes(Term::Kind::kBinary, bytes);
      return true;
    case Tag::kString:
      if (!ReadString(bytes)) return false;
      if (!bytes.empty()) out.SetBytes(Term::Kind::kByteList, bytes);
      return true;
    case Tag::kAtom:
      return ReadLatin1Atom<2>(out);
    case Tag::kSmallAtom:
      return ReadLatin1Atom<1>(out);
    case Tag::kAtomUtf8:
      return ReadUtf8Atom<2>(out);
    case Tag::kSmallAtomUtf8:
      return ReadUtf8Atom<1>(out);
    case Tag::kNewFloat:
      return ReadNewFloat(out);
    case Tag::kFloat:
      return ReadFloatText(out);
    case Tag::kSmallBig:
      return ReadBig<1>(out);
    case Tag::kLargeBig:
      return ReadBig<4>(out);
    case Tag::kSmallTuple:
      return ReadTuple<1>(out, depth);
    case Tag::kLargeTuple:
      return ReadTuple<4>(out, depth);
    case Tag::kList:
      return ReadList(out, depth);
    case Tag::kMap:
      return ReadMap(out, depth);
    case Tag::kCompressed:
      break;
  }
  --position_;
  return Fail("an unknown or forbidden tag");
}

namespace {

// `payload` follows the compression tag: the inflated size and a zlib stream of exactly one term.
DecodeResult DecodeCompressed(std::string_view payload, const Limits& limits) {
  if (payload.size() < 4) return DecodeResult::Error("the compressed term is cut short");
  size_t size = 0;
  for (const char byte : payload.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(byte);
  if (size > limits.inflated_bytes) return DecodeResult::Error("the inflated term is too large");
  const auto inflated = Inflate(payload.substr(4), size);
  if (!inflated) return DecodeResult::Error("the compressed term is damaged or of another size");
  Decoder decoder(*inflated, limits);
  Term term;
  if (!decoder.ReadTerm(term, 0)) return DecodeResult::Error("inflated " + decoder.Reason());
  if (!decoder.rest().empty()) return DecodeResult::Error("more than one compressed term");
  return term;
}

}  // namespace

DecodeResult Decode(std::string_view payload, const Limits& limits) {
  if (payload.empty() || static_cast<uint8_t>(payload[0]) != kVersion) {
    return DecodeResult::Error("the version byte is missing");
  }
  payload.remove_prefix(1);
  if (!payload.empty() && static_cast<Tag>(payload[0]) == Tag::kCompressed) {
    return DecodeCompressed(payload.substr(1), limits);
  }
  Decoder decoder(payload, limits);
  Term term;
  if (!decoder.ReadTerm(term, 0)) return DecodeResult::Error(decoder.Reason());
  return term;
}

}  // namespace chat::bert

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

namespace chat::bert {

struct MapEntry;

// Sign and little-endian magnitude without leading zero bytes; valid as long as the term it was
// read from.
struct BigIntegerView {
  bool negative;
  std::string_view magnitude;
};

// One Erlang value as CHAT knows it (CHAT 2). A regular value type of 32 bytes: copies are deep,
// moves are cheap and leave `[]` behind. Integers, floats and texts up to 30 bytes live inside the
// object, so that an ordinary record costs one allocation per tuple or list.
//
// Every value has exactly one representation, whatever bytes it was decoded from:
//  - an integer that fits int64 is kInteger, any other kBigInteger;
//  - an atom is UTF-8 text of at most 255 characters;
//  - a proper list is kNil when empty, kByteList when every element is an integer 0..255 (one byte
//  each in memory),
//    otherwise kList; kImproperList has at least one element and a tail that is no list;
//  - the keys of a map are distinct and in Erlang term order.
//
// Thread-compatible. Destruction, comparison and copying recurse once per level of nesting; the
// decoder bounds it.
class Term {
 public:
  enum class Kind : uint8_t {
    kNil,
    kInteger,
    kFloat,
    kBigInteger,
    kAtom,
    kBinary,
    kByteList,
    kTuple,
    kList,
    kImproperList,
    kMap,
  };

  // The empty list `[]`, which CHAT also uses for "not given".
  Term() noexcept = default;
  Term(const Term& other);
  Term(Term&& other) noexcept { MoveFrom(other); }
  Term& operator=(const Term& other);
  Term& operator=(Term&& other) noexcept;
  ~Term() {
    if (OnHeap()) Release();
  }

  static Term Nil() { return Term(); }
  static Term Integer(int64_t value);
  // Any magnitude, little endian; leading zero bytes are dropped and negative zero is 0.
  static Term BigInteger(bool negative, std::string_view magnitude);
  // Aborts unless finite: the wire has no other floats.
  static Term Float(double value);
  // Aborts unless ValidAtom(): for names the program itself knows.
  static Term Atom(std::string_view name);
  static Term Binary(std::string_view bytes);
  // The list of these bytes as integers.
  static Term ByteList(std::string_view bytes);
  static Term Tuple(std::vector<Term> elements);
  static Term List(std::vector<Term> elements);
  // `[elements|tail]`: a tail that is itself a list continues the list; no elements: the tail
  // (CHAT 2.3).
  static Term ImproperList(std::vector<Term> elements, Term tail);
  // Sorts the entries; nothing when two keys are equal.
  static std::optional<Term> Map(std::vector<MapEntry> entries);

  // Strict UTF-8 of at most 255 characters.
  static bool ValidAtom(std::string_view name);

  Kind kind() const { return kind_; }
  bool IsNil() const { return kind_ == Kind::kNil; }
  bool IsAtom(std::string_view name) const { return kind_ == Kind::kAtom && Bytes() == name; }
  // kNil, kByteList or kList.
  bool IsProperList() const;
  // Elements of a proper list, 0 for anything else.
  size_t ProperListSize() const;

  // Each accessor answers only for its own kind. Views and pointers live as long as the term is
  // left unchanged.
  std::optional<int64_t> AsInteger() const;
  std::optional<double> AsFloat() const;
  std::optional<BigIntegerView> AsBigInteger() const;
  std::optional<std::string_view> AsAtom() const { return BytesIf(Kind::kAtom); }
  std::optional<std::string_view> AsBinary() const { return BytesIf(Kind::kBinary); }
  std::optional<std::string_view> AsByteList() const { return BytesIf(Kind::kByteList); }
  const std::vector<Term>* AsTuple() const { return TermsIf(Kind::kTuple); }
  const std::vector<Term>* AsList() const { return TermsIf(Kind::kList); }
  // The last term is the tail.
  const std::vector<Term>* AsImproperList() const { return TermsIf(Kind::kImproperList); }
  const std::vector<MapEntry>* AsMap() const;

  // Calls `visit(const Term&)` for each element of a proper list in order, whatever its
  // representation; stops at the first false. False when a visit said so or the term is no proper
  // list.
  template <typename Visit>
  bool ForEachElement(Visit&& visit) const;

  // Erlang's `=:=` of OTP 25 and before: 1 and 1.0 differ, 0.0 and -0.0 are equal.
  friend bool operator==(const Term& left, const Term& right) {
    return left.kind_ == right.kind_ && Compare(left, right) == 0;
  }

  // Order of map keys: integer < float < atom < tuple < map < nil < list < binary; negative, zero
  // or positive.
  friend int Compare(const Term& left, const Term& right);

 private:
  friend class Decoder;

  static constexpr size_t kInlineBytes = 30;
  static constexpr uint8_t kHeap = 0xff;

  // What storage_ holds: nothing, int64_t, double, inline_size_ bytes, or (inline_size_ == kHeap) a
  // vector of char, Term or MapEntry, by kind. A big integer is its sign byte (0 or 1) followed by
  // the magnitude.
  template <typename T>
  T* Stored() {
    return std::launder(reinterpret_cast<T*>(storage_.data()));
  }
  template <typename T>
  const T* Stored() const {
    return std::launder(reinterpret_cast<const T*>(storage_.data()));
  }

  bool OnHeap() const { return inline_size_ == kHeap; }
  std::string_view Bytes() const;
  std::optional<std::string_view> BytesIf(Kind kind) const;
  const std::vector<Term>* TermsIf(Kind kind) const;

  // Each setter expects a term that is `[]`.
  void SetInteger(int64_t value);
  void SetFloat(double value);
  void SetBytes(Kind kind, std::string_view bytes);
  void SetLongBytes(std::string_view bytes);
  void SetBigInteger(bool negative, std::string_view magnitude);
  void SetTerms(Kind kind, std::vector<Term> terms);
  void SetList(std::vector<Term> elements);
  void SetEntries(std::vector<MapEntry> entries);

  void MoveFrom(Term& other) noexcept;
  void MoveHeapFrom(Term& other) noexcept;
  void Release() noexcept;

  alignas(8) std::array<unsigned char, kInlineBytes> storage_{};
  uint8_t inline_size_ = 0;
  Kind kind_ = Kind::kNil;
};

struct MapEntry {
  Term key;
  Term value;

  friend bool operator==(const MapEntry&, const MapEntry&) = default;
};

int Compare(const Term& left, const Term& right);

// Sorts by key; false when two keys are equal.
bool SortByKey(std::vector<MapEntry>& entries);

inline std::string_view Term::Bytes() const {
  if (OnHeap()) {
    const auto& bytes = *Stored<std::vector<char>>();
    return {bytes.data(), bytes.size()};
  }
  return {reinterpret_cast<const char*>(storage_.data()), inline_size_};
}

inline std::optional<std::string_view> Term::BytesIf(Kind kind) const {
  if (kind_ != kind) return std::nullopt;
  return Bytes();
}

inline const std::vector<Term>* Term::TermsIf(Kind kind) const {
  return kind_ == kind ? Stored<std::vector<Term>>() : nullptr;
}

inline std::optional<int64_t> Term::AsInteger() const {
  if (kind_ != Kind::kInteger) return std::nullopt;
  int64_t value;
  std::memcpy(&value, storage_.data(), sizeof(value));
  return value;
}

inline std::optional<double> Term::AsFloat() const {
  if (kind_ != Kind::kFloat) return std::nullopt;
  double value;
  std::memcpy(&value, storage_.data(), sizeof(value));
  return value;
}

inline void Term::SetInteger(int64_t value) {
  std::memcpy(storage_.data(), &value, sizeof(value));
  kind_ = Kind::kInteger;
}

inline void Term::SetFloat(double value) {
  std::memcpy(storage_.data(), &value, sizeof(value));
  kind_ = Kind::kFloat;
}

inline void Term::SetBytes(Kind kind, std::string_view bytes) {
  if (bytes.size() > kInlineBytes) {
    SetLongBytes(bytes);
  } else {
    if (!bytes.empty()) std::memcpy(storage_.data(), bytes.data(), bytes.size());
    inline_size_ = static_cast<uint8_t>(bytes.size());
  }
  kind_ = kind;
}

inline void Term::MoveFrom(Term& other) noexcept {
  if (other.OnHeap()) {
    MoveHeapFrom(other);
    return;
  }
  storage_ = other.storage_;
  inline_size_ = other.inline_size_;
  kind_ = other.kind_;
  other.inline_size_ = 0;
  other.kind_ = Kind::kNil;
}

inline Term& Term::operator=(Term&& other) noexcept {
  if (this == &other) return *this;
  if (OnHeap()) Release();
  MoveFrom(other);
  return *this;
}

template <typename Visit>
bool Term::ForEachElement(Visit&& visit) const {
  if (const auto bytes = AsByteList()) {
    for (const char byte : *bytes) {
      if (!visit(Integer(static_cast<unsigned char>(byte)))) return false;
    }
    return true;
  }
  if (const auto* elements = AsList()) {
    for (const Term& element : *elements) {
      if (!visit(element)) return false;
    }
    return true;
  }
  return IsNil();
}

}  // namespace chat::bert

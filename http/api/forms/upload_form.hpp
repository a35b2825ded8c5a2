/// @file
/// A form with files on its way from the client to a backend: read strictly, checked, and written
/// anew while it arrives.
#pragma once

#include "http/api/forms/form_input.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/core/body/media_signature.hpp"
#include "http/core/body/multipart_writer.hpp"
#include "http/core/body/wav_header.hpp"
#include "http/dialects/form_fields.hpp"
#include "http/proxy/translation.hpp"
#include "http/server/exchange/exchange.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

/// A field that a form may have. Others are read over, unless they are files: then a name was
/// misspelt.
struct form_field {
  std::string_view name;
  bool file = false;
  bool required = false;
  bool repeated = false;                                  ///< may come more than once
  field_fault (*check)(std::string_view value) = nullptr; ///< what is wrong with a value, if so
  http::response_detail if_wrong = http::response_detail::unprocessable;
};

/// The backend gets the files first, in the order in which they come, and the fields after them:
/// so a field may come from the client behind the files, and nothing is held back for it. Holds a
/// few KiB however large the files are. On the exchange's thread.
class upload_form final : public proxy::body_source {
public:
  /// @param fields outlives the form. @param kept see form_input
  upload_form(server::exchange& exchange, std::string_view boundary,
              std::span<const form_field> fields, upload_body* kept = nullptr);

  /// Text fields that are not among those known are kept as well, for a backend that may know them.
  bool takes_others = false;

  /// What the backend gets besides the files; asked once, when all of the form is known. May refuse
  /// by filling in the second argument.
  std::function<http::form_fields(const upload_form&, std::optional<refusal>&)> to_backend;

  enum class beginning { ready, refused, gone };
  /// Reads up to the first file, so that a backend is troubled only when there is something for it.
  net::task<beginning> begin();

  std::string content_type() const { return writer_.content_type(); }
  const refusal& why() const noexcept { return why_; }
  /// The client has sent all of it.
  bool complete() const noexcept { return complete_; }
  bool has(std::string_view name) const;
  /// The (last) value of a field; empty if there is none.
  std::string_view value(std::string_view name) const;
  /// All text fields and their values.
  const std::map<std::string, std::vector<std::string>, std::less<>>& all() const noexcept {
    return values_;
  }
  /// All values of a field.
  std::vector<std::string_view> values(std::string_view name) const;

  http::body_piece next(std::string_view& piece) override;
  void release() override;

private:
  // These return false when the form is refused.
  bool begin_part();
  bool begin_other();
  bool has_room(std::size_t bytes);
  bool take_data(std::string_view data);
  bool end_part();
  bool end_form();
  bool refuse(refusal why);
  bool refuse_file(const std::string& reason);
  bool look_at(std::string_view data);
  bool take_kind();
  http::body_piece read_on();
  const form_field* known(std::string_view name) const;

  form_input input_;
  http::multipart_writer writer_;
  std::span<const form_field> fields_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::size_t text_bytes_ = 0;
  std::vector<std::string_view> files_; ///< names of those that have come

  // the part under way
  const form_field* current_ = nullptr;
  std::string* other_ = nullptr; ///< value of a field that is not among those known
  std::string shown_name_;
  std::string beginning_bytes_; ///< of the file, until its kind is known
  std::uint64_t file_bytes_ = 0;
  http::media_kind kind_ = http::media_kind::unknown;
  bool kind_known_ = false;
  http::wav_scanner wav_; ///< has seen a WAV file as far as it has come

  // output
  std::string framing_;   ///< our own bytes, to go out next
  std::string_view data_; ///< of a file, to go out after them
  bool complete_ = false;
  bool failed_ = false;
  refusal why_;
};

} // namespace synapse::api

/// @file
/// What Chatterbox says to a reference that it was sent.
#pragma once

#include <string>

namespace synapse::http::chatterbox {

/// Its answer to POST /upload_reference, read.
struct reference_receipt {
  std::string kept_as; ///< the name of its copy; empty: it has not kept one
  // of a refusal, as if it had said it like everybody else
  unsigned status = 0;
  std::string body;
};
/// Its good answers may refuse the file, too.
reference_receipt read_receipt(unsigned status, std::string body);

} // namespace synapse::http::chatterbox

/// @file
/// What is said to and by the voice library.
#pragma once

#include <caf/meta/type_name.hpp>

#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

struct voice_info {
  std::string voice_id; ///< a UUID
  std::string name;
  std::string created_at;              ///< ISO 8601, UTC
  std::vector<std::string> references; ///< file names, by number
  double duration_seconds = 0;         ///< of all references together

  voice_info() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, voice_info& x) {
  return f(caf::meta::type_name("voice_info"), x.voice_id, x.name, x.created_at, x.references,
           x.duration_seconds);
}

/// A voice and where to read it.
struct voice_location {
  voice_info voice;
  std::string reference_path; ///< absolute, of the first reference; empty when there is none
  std::string uploaded_as;    ///< what the backend asked for calls it; empty: it has no copy

  voice_location() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, voice_location& x) {
  return f(caf::meta::type_name("voice_location"), x.voice, x.reference_path, x.uploaded_as);
}

/// Where is this voice, and what does that backend call its copy?
struct locate_voice {
  std::string voice;    ///< its id
  bool or_name = false; ///< a name that only one voice has does as well
  std::string backend;  ///< the one that is to speak with it

  locate_voice() = default;
  locate_voice(std::string id, bool name_too, std::string speaker)
      : voice(std::move(id)), or_name(name_too), backend(std::move(speaker)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, locate_voice& x) {
  return f(caf::meta::type_name("locate_voice"), x.voice, x.or_name, x.backend);
}

/// A backend has a copy of a voice's first reference, or has lost it.
struct reference_copy {
  std::string voice_id;
  std::string backend;
  std::string file; ///< what the backend calls it; empty: lost

  reference_copy() = default;
  reference_copy(std::string id, std::string of, std::string name)
      : voice_id(std::move(id)), backend(std::move(of)), file(std::move(name)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, reference_copy& x) {
  return f(caf::meta::type_name("reference_copy"), x.voice_id, x.backend, x.file);
}

/// A private folder that the asker may write files into, until it creates a voice of them, adds
/// them to one, or discards them.
struct voice_upload {
  std::string upload_id;
  std::string directory; ///< absolute

  voice_upload() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, voice_upload& x) {
  return f(caf::meta::type_name("voice_upload"), x.upload_id, x.directory);
}

/// One complete and closed file of an upload.
struct voice_file {
  std::string name; ///< within the upload's folder, such as "0.wav"
  double duration_seconds = 0;

  voice_file() = default;
  voice_file(std::string file_name, double seconds)
      : name(std::move(file_name)), duration_seconds(seconds) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, voice_file& x) {
  return f(caf::meta::type_name("voice_file"), x.name, x.duration_seconds);
}

/// Makes a voice. Uses the upload up, whatever the answer.
struct create_voice {
  std::string upload_id;
  std::string name;
  std::vector<voice_file> files; ///< 1 to 10; the references, in this order

  create_voice() = default;
  create_voice(std::string upload, std::string voice_name, std::vector<voice_file> of)
      : upload_id(std::move(upload)), name(std::move(voice_name)), files(std::move(of)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, create_voice& x) {
  return f(caf::meta::type_name("create_voice"), x.upload_id, x.name, x.files);
}

/// Appends references to a voice, all or none. Uses the upload up, whatever the answer.
struct add_references {
  std::string voice_id;
  std::string upload_id;
  std::vector<voice_file> files; ///< 1 to 10

  add_references() = default;
  add_references(std::string voice, std::string upload, std::vector<voice_file> of)
      : voice_id(std::move(voice)), upload_id(std::move(upload)), files(std::move(of)) {}
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, add_references& x) {
  return f(caf::meta::type_name("add_references"), x.voice_id, x.upload_id, x.files);
}

} // namespace synapse::actors

//! An answer of CloudWatch before it is written. CloudWatch speaks three protocols, so an answer is made once and written
//! as RPC v2 CBOR, as JSON or as the XML of the query protocol.

use minicbor::Encoder;
use minicbor::data::{Tag, Type};
use minicbor::decode::Error;
use minicbor::{Decoder, data::IanaTag};
use serde_json::{Map, Value, json};

use crate::sim::server::protocol::Xml;
use crate::sim::world::Moment;

/// Nothing CloudWatch takes is nested deeper.
const DEEPEST: usize = 16;

/// A value in any of the protocols.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Text(String),
    Figure(f64),
    Whole(u32),
    Flag(bool),
    Time(Moment),
    List(Vec<Shape>),
    Record(Vec<(&'static str, Shape)>),
}

impl Shape {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Figure(figure) => json!(figure),
            Self::Whole(number) => json!(number),
            Self::Flag(flag) => json!(flag),
            Self::Time(moment) => json!(moment.epoch_seconds()),
            Self::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Self::Record(fields) => Value::Object(
                fields.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// The fields of a record as elements.
    pub(crate) fn xml(&self) -> Xml {
        let mut xml = Xml::default();
        if let Self::Record(fields) = self {
            for (name, value) in fields {
                value.put_into(name, &mut xml);
            }
        }
        xml
    }

    fn put_into(&self, name: &str, xml: &mut Xml) {
        match self {
            Self::Text(text) => xml.put(name, text),
            Self::Figure(figure) => xml.put(name, figure),
            Self::Whole(number) => xml.put(name, number),
            Self::Flag(flag) => xml.put(name, flag),
            Self::Time(moment) => xml.put(name, moment.iso()),
            Self::List(items) => xml.within(name, |xml| {
                for item in items {
                    item.put_into("member", xml);
                }
            }),
            Self::Record(fields) => xml.within(name, |xml| {
                for (name, value) in fields {
                    value.put_into(name, xml);
                }
            }),
        };
    }

    pub(crate) fn cbor(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        // Writing to a vector cannot fail.
        let _ = self.encode(&mut encoder);
        encoder.into_writer()
    }

    fn encode(&self, to: &mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        let length = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
        match self {
            Self::Text(text) => to.str(text)?,
            Self::Figure(figure) => to.f64(*figure)?,
            Self::Whole(number) => to.u32(*number)?,
            Self::Flag(flag) => to.bool(*flag)?,
            Self::Time(moment) => to.tag(IanaTag::Timestamp)?.f64(moment.epoch_seconds())?,
            Self::List(items) => {
                to.array(length(items.len()))?;
                for item in items {
                    item.encode(to)?;
                }
                to
            }
            Self::Record(fields) => {
                to.map(length(fields.len()))?;
                for (name, value) in fields {
                    to.str(name)?;
                    value.encode(to)?;
                }
                to
            }
        };
        Ok(())
    }
}

/// What a CBOR request says, as JSON; a timestamp is its number of seconds. An empty body is an empty request.
pub(crate) fn from_cbor(bytes: &[u8]) -> Result<Value, Error> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    decode(&mut Decoder::new(bytes), 0)
}

fn decode(from: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(Error::message("nested too deeply"));
    }
    Ok(match from.datatype()? {
        Type::Map | Type::MapIndef => {
            let length = from.map()?;
            let mut fields = Map::new();
            let mut read = 0;
            while more(from, length, read)? {
                let key = text(from)?;
                fields.insert(key, decode(from, depth + 1)?);
                read += 1;
            }
            Value::Object(fields)
        }
        Type::Array | Type::ArrayIndef => {
            let length = from.array()?;
            let mut items = Vec::new();
            while more(from, length, u64::try_from(items.len()).unwrap_or(u64::MAX))? {
                items.push(decode(from, depth + 1)?);
            }
            Value::Array(items)
        }
        Type::String | Type::StringIndef => Value::String(text(from)?),
        Type::Bool => json!(from.bool()?),
        Type::F16 => json!(from.f16()?),
        Type::F32 => json!(from.f32()?),
        Type::F64 => json!(from.f64()?),
        Type::Tag => {
            let _: Tag = from.tag()?;
            decode(from, depth + 1)?
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            json!(from.i64()?)
        }
        _ => {
            from.skip()?;
            Value::Null
        }
    })
}

/// Whether there is another item; consumes the break that ends a collection of unknown length.
fn more(from: &mut Decoder<'_>, length: Option<u64>, read: u64) -> Result<bool, Error> {
    match length {
        Some(length) => Ok(read < length),
        None if from.datatype()? == Type::Break => from.skip().map(|()| false),
        None => Ok(true),
    }
}

fn text(from: &mut Decoder<'_>) -> Result<String, Error> {
    from.str_iter()?.collect::<Result<String, _>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        let shape = Shape::Record(vec![
            ("Name", Shape::text("a")),
            ("Figures", Shape::List(vec![Shape::Figure(1.5), Shape::Whole(70_000), Shape::Flag(true)])),
            ("At", Shape::Time(Moment::MONDAY_NIGHT)),
        ]);
        assert_eq!(from_cbor(&shape.cbor()).unwrap(), shape.json());
        assert_eq!(
            shape.xml().text(),
            "<Name>a</Name><Figures><member>1.5</member><member>70000</member><member>true</member></Figures>\
             <At>2026-03-02T03:00:00.000Z</At>"
        );
    }

    #[test]
    fn collections_of_unknown_length_end_with_a_break() {
        let mut encoder = Encoder::new(Vec::new());
        encoder
            .begin_map()
            .unwrap()
            .str("A")
            .unwrap()
            .begin_array()
            .unwrap()
            .u8(1)
            .unwrap()
            .end()
            .unwrap()
            .end()
            .unwrap();
        assert_eq!(from_cbor(&encoder.into_writer()).unwrap(), json!({ "A": [1] }));
        assert_eq!(from_cbor(&[]).unwrap(), json!({}));
        assert!(from_cbor(&[0x9f; 64]).is_err());
        assert!(from_cbor(&[0xa1, 0x61]).is_err());
    }
}
